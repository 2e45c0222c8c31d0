"""From the outcomes of the checks to verdicts and frames."""
