"""What a neuron does to the prediction."""
