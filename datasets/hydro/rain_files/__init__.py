"""Readers of rain in frames: radar pictures, ODIM, NetCDF, Zarr and GeoTIFF."""
