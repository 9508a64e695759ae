"""What is to be fixed: weak sections of lines and weak areas of cells."""
