"""What a host may open on the phone, one module a family of services."""
