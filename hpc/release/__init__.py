"""The only way from data of single persons into a table, figure, report or log."""
