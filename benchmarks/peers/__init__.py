"""What is measured beside this project, one file per contender; SetFit needs an environment of its own."""
