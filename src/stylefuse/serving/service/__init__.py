"""`stylefuse serve`: one process speaks HTTP, worker processes run the model and can be cancelled or replaced."""
