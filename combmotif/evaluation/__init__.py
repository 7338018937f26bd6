"""How well models of nucleotide sequences do on tasks of 3'UTR biology, beside controls that know only k-mers."""
