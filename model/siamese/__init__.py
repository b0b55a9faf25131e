"""The fused siamese network: material, trials, the network, training, calibration, export."""
