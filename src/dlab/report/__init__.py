"""What people see: progress, tables and pictures, all made from records and never known to the trainer."""
