"""Jobs of dask-jobqueue: what a pool asks for in its keys, and jobs submitted, waited for and cancelled."""
