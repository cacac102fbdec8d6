"""Names that no task and no parameter of a task may have, because they mean something else."""

# Words of requests, flags and parameters of batches that every task has.
RESERVED_PARAMETERS = frozenset(
    {
        "task",
        "image",
        "images",
        "format",
        "explain",
        "params",
        "pictures",
        "output",
        "model",
        "device",
        "force",
        "json",
        "help",
        "language",
        "report",
    }
    | {"run", "command", "skip_existing", "restart", "keep_metadata", "max_bytes", "max_pixels"}
    | {"steady", "crf", "tone_map", "preview"}
    | {"label", "label_language", "label_producer", "certificate", "key"}
)
# Names of other commands and routes, and of attributes of a loaded model.
RESERVED_TASKS = frozenset(
    {
        "ask",
        "jobs",
        "video",
        "serve",
        "verify",
        "run",
        "run_video",
        "prepare",
        "appendable",
        "styles",
        "tasks",
        "sample",
        "ingest",
        "evaluate",
        "register",
    }
)
