"""Key pairs, through both doors: KPS v3, and ECS's OpenStack one. It is one store behind them."""
