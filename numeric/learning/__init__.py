"""The chapter's ways of learning beyond plain descent: full-batch optimisers, zeroth order, rewards, games, prototypes."""
