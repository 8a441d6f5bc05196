"""The long runs behind the promises: nothing lost, nothing doubled, nothing leaked."""
