#!/usr/bin/env bash

#SBATCH -J citytide
#SBATCH -p a100
#SBATCH -n 1
#SBATCH --cpus-per-task=8
#SBATCH -t 2-00:00:00
#SBATCH --nodes=1
#SBATCH --gres=gpu:a100:1
#SBATCH --qos=long
#SBATCH --constraint=nvlink&ib
#SBATCH --exclude=node[07-08]
#SBATCH --exclusive=user
module load cuda
export SLURM_CONF='/etc/slurm west/slurm.conf'
mkdir -p -- /local/"${USER:?is named by scratch in the profile, but this node does not set it}"
CITYTIDE_SCRATCH=/local/"${USER:?is named by scratch in the profile, but this node does not set it}"/"citytide-$(id -u)-dask-${SLURM_JOB_ID:-$$}-${SLURM_RESTART_COUNT:-0}"
trap 'exit 143' TERM; trap 'rm -rf -- "$CITYTIDE_SCRATCH"' EXIT
mkdir -m 700 -- "$CITYTIDE_SCRATCH" || exit 1
export CITYTIDE_SCRATCH TMPDIR="$CITYTIDE_SCRATCH"
exec 9>"$CITYTIDE_SCRATCH/.held"; flock -n 9 || :
export OMP_NUM_THREADS=8
export MKL_NUM_THREADS=8
export OPENBLAS_NUM_THREADS=8
export NUMBA_NUM_THREADS=8
export NUMBA_THREADING_LAYER=omp
export ZARR_THREADING__MAX_WORKERS=8
export ZARR_ASYNC__CONCURRENCY=8
trap : TERM
'/site/envs/city tide/bin/python' -m distributed.cli.dask_worker tls://10.0.0.1:8786 --name w-0 --nthreads 8 --memory-limit 46.00GiB --nanny --death-timeout 60 --local-directory "$CITYTIDE_SCRATCH" --dashboard-address 127.0.0.1:0
