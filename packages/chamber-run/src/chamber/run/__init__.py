"""client.run(): a folder becomes an image, a manifest and a running GPU workload."""
