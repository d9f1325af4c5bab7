"""The introduction of every report, for readers who do not know the paper."""

HALLUCINATION = (
    "A diffusion model makes new samples by removing noise, step by step. A hallucination is a sample of a kind "
    "that its training data never contain: a point between two clusters, an image with a shape twice, a hand with six "
    "fingers."
)
VARIANCE = (
    "At every step the model also predicts the final sample. For a good sample this prediction settles; for a "
    "hallucination it often still moves at the end. How much it moves, the variance of the trajectory, is what flags "
    "it."
)
