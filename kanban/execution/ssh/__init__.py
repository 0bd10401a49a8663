"""A host over SSH. Only this package knows paramiko."""

from kanban.execution.ssh.backend import SSHBackend as SSHBackend
