"""What tests share: stand-ins for the outside world, on the loopback interface only."""
