"""The ancestor, rebuilt faithfully: VGG16 faces, spectrogram pictures, one siamese head."""
