"""Layer-wise demixing, the way of NeuronMotif and CombMotif."""
