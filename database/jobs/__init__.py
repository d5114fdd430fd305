"""What somebody has asked for to be done beside the commands, and how far it is."""
