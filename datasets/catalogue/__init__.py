"""Data sets by name, and which function opens what a user names.

A network opens by a name of the catalogue, a folder or a file; every other input opens by a path:

- network: :func:`~.networks.open_instance`; roads of a city: :func:`~..traffic.road_files.open_roads`;
- rain in frames: :func:`~..hydro.rain_files.formats.open_rain`; in tables:
  :func:`~..hydro.rain.series.read_rain_series`;
- terrain: :func:`~..maps.terrain.open_terrain`; any other raster: :func:`~..maps.rasters.read_raster`;
- gauges: :func:`~..hydro.gauges.stations.open_stations` and :func:`~..hydro.gauges.readings.open_readings`;
- inflows and the level of the sea: :func:`~..hydro.gauges.hydrographs.read_hydrograph`;
- points of warnings: :func:`~..hydro.gauges.warning_points.read_warning_points`;
- areas with people: :func:`~..maps.areas.open_areas`; facilities: :func:`~..maps.facilities.open_facilities`;
- records of persons: :func:`~..medical.opening.open_records`;
- a city that was built: :func:`~..city.city.open_city`.

Each named data set says which function reads it (:func:`~.readers.read_dataset`); packages outside add their own
(:func:`~.entries.list_datasets`). Files of named data sets are found, downloaded and checked in :mod:`.downloads`.
"""
