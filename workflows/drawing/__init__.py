"""The sheet that figures are drawn on."""
