"""What every case shares: interleaved rounds, honest figures, the machine, child processes and the report."""
