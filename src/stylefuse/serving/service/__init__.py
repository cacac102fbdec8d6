"""`stylefuse serve`: HTTP in one process, pictures in another that may be stopped or die without the first."""
