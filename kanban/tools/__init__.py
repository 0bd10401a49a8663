"""What every model can call: the contract of a tool, and the tools for files, commands and the web."""
