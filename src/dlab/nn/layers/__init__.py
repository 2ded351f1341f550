"""The layers a network can be made of, one file each."""
