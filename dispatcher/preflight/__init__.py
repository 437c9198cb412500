"""What is looked at before an issue is approved and sent."""
