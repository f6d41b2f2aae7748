"""Whether an answer under way can still become valid: its text goes in, reasons come out."""
