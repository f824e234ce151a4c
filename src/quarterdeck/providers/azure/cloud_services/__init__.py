"""Azure Cloud Services (extended support): two services that trade their public addresses, the VIP swap."""
