"""The protocol as a model: small enough to be explored to the end, and exact enough to be driven against the code.

A step is one call that decides (a transaction, a conditional write, a consistent read, a send), or one whim of the
world (a crash, a lost message, a lease that ends, a user). `world.steps(state)` are all the steps from a state; what a
step changes is in `records`, who makes it in `claiming`, `working`, `dispatching`, `following`, `burials`, `sweeping`
and `people`; `rules` are what must hold. `exploring` looks at every state of a small scenario; `walking` takes the real
code (`doors`, `driving`) along some ways through any, and `reading` says where the two differ.
"""
