"""Files of rain: radar, NetCDF, Zarr, GeoTIFF."""
