"""What a task of a training job is on this machine: folders, a process, its log, its use."""
