#!/usr/bin/env bash

#SBATCH -J citytide
#SBATCH -p work
#SBATCH -n 1
#SBATCH --cpus-per-task=1
#SBATCH --mem=7630M
#SBATCH -t 12:00:00
#SBATCH --nodes=1
source /etc/profile.d/modules.sh
module load python/3.11
mkdir -p -- "${TMPDIR:-/tmp}"
CITYTIDE_SCRATCH="${TMPDIR:-/tmp}"/"citytide-$(id -u)-dask-${SLURM_JOB_ID:-$$}-${SLURM_RESTART_COUNT:-0}"
trap 'exit 143' TERM; trap 'rm -rf -- "$CITYTIDE_SCRATCH"' EXIT
mkdir -m 700 -- "$CITYTIDE_SCRATCH" || exit 1
export CITYTIDE_SCRATCH TMPDIR="$CITYTIDE_SCRATCH"
exec 9>"$CITYTIDE_SCRATCH/.held"; flock -n 9 || :
export OMP_NUM_THREADS=1
export MKL_NUM_THREADS=1
export OPENBLAS_NUM_THREADS=1
export NUMBA_NUM_THREADS=1
export NUMBA_THREADING_LAYER=omp
export ZARR_THREADING__MAX_WORKERS=1
export ZARR_ASYNC__CONCURRENCY=1
trap : TERM
'/site/envs/city tide/bin/python' -m distributed.cli.dask_worker tls://10.0.0.1:8786 --name w-0 --nthreads 1 --memory-limit 6.85GiB --nanny --death-timeout 60 --local-directory "$CITYTIDE_SCRATCH" --dashboard-address 127.0.0.1:0 --interface ib0
