"""Makes the committed weights from the packages that published them."""
