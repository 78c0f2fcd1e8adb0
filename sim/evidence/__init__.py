"""What a run shows: frames, summaries, cascades, paired statistics and pictures. Arrays in, frames and bytes out."""
