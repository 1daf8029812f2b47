"""The pages of the cell: server-rendered, in French, without a script; a thin face on the acts."""
