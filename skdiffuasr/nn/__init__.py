"""The networks and the diffusion process, in plain torch."""
