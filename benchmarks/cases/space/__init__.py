"""Cases of places: crosswalks and regridding."""
