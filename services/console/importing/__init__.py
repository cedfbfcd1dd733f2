"""Reading other people's files into the directory: readers are pure, the loader sends."""
