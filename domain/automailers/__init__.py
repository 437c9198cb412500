"""Series of mails to one contact after another: steps, who stands where in them, and the machine that moves them on."""
