"""Training of the onset network: rendered audio, augmentation, the torch model, its export."""
