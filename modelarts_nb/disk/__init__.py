"""The persistent disk: paths, owners, locks, atomic landing, parallel transfer."""
