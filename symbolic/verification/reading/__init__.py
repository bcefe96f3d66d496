"""Reading documents: where the mathematics stands, what it declares, defines and claims."""
