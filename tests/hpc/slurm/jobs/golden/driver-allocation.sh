#!/bin/bash
#SBATCH --job-name=traffic-assignment-20260102-030405-1f2e.2.driver
#SBATCH --partition=work
#SBATCH --ntasks=12
#SBATCH --cpus-per-task=2
#SBATCH --mem=7630M
#SBATCH --time=12:00:00
#SBATCH --nodes=3
#SBATCH --dependency=afterany:4711
#SBATCH --ntasks-per-node=4
#SBATCH --chdir="/site/runs/ada's 50% run"
#SBATCH --output="/site/runs/ada's 50%% run/slurm/logs/traffic-assignment-20260102-030405-1f2e.2.driver.%j.log"
#SBATCH --open-mode=append
#SBATCH --requeue

umask 077
citytide_began=$(date +%s)

# The site's own lines.
source /etc/profile.d/modules.sh
module load python/3.11

set -eu
command -v -- '/site/envs/city tide/bin/python' >/dev/null || {
  echo "citytide: there is no interpreter "'/site/envs/city tide/bin/python'" on ${SLURMD_NODENAME:-$(uname -n)}" >&2; exit 127
}

# From here on a signal is noted, and what this job made is taken away whatever happens.
citytide_bell= citytide_child= citytide_early= citytide_made= citytide_again=1
exec 8<> <(:)
citytide_clean() {
  if [ -n "$citytide_bell" ]; then kill -s KILL "$citytide_bell" 2>/dev/null || :; fi
  if [ -z "$citytide_made" ]; then return; fi
  cd /
  rm -rf -- "$CITYTIDE_SCRATCH" 2>/dev/null || { sleep 1; rm -rf -- "$CITYTIDE_SCRATCH"; }
}
citytide_stop() {
  citytide_again=1
  if [ -z "$citytide_child" ]; then citytide_early=1; return; fi
  read -r -t 0.3 -u 8 || :  # a sleep that starts no process: bash loses track of one begun in a trap
  if kill -0 "$citytide_bell" 2>/dev/null; then kill "$citytide_child" 2>/dev/null || :; fi
}
trap citytide_clean EXIT
trap citytide_stop TERM INT
sleep 2147483647 >/dev/null 2>&1 8>&- &
citytide_bell=$!
disown "$citytide_bell"

# Scratch of this job alone. A job that was killed leaves its folder: the next one here takes away what nobody holds.
citytide_base="${TMPDIR:-/tmp}"
mkdir -p -- "$citytide_base"
citytide_mine="$citytide_base/citytide-$(id -u)-"
find "$citytide_base" -maxdepth 1 -type d -user "$(id -u)" -name "citytide-$(id -u)-*" -mmin +1 2>/dev/null |
while IFS= read -r citytide_left; do
  if [ -f "$citytide_left/.held" ] && flock -n "$citytide_left/.held" true; then rm -rf -- "$citytide_left"; fi
done || :
export CITYTIDE_SCRATCH="$citytide_mine"traffic-assignment-20260102-030405-1f2e.2.driver"-${SLURM_RESTART_COUNT:-0}"
rm -rf -- "$CITYTIDE_SCRATCH"  # fails on a folder that is another's
citytide_made=1
mkdir -m 700 -- "$CITYTIDE_SCRATCH"
exec 9>"$CITYTIDE_SCRATCH/.held"
flock -n 9 || :
cd -- "$CITYTIDE_SCRATCH"

export CITYTIDE_JOB=traffic-assignment-20260102-030405-1f2e.2.driver
export CITYTIDE_DEADLINE="${SLURM_JOB_END_TIME:-$((citytide_began + 43195))}"
export SRUN_CPUS_PER_TASK="${SLURM_CPUS_PER_TASK:-2}"
export PYTHONUNBUFFERED=1
export SLURM_CONF='/etc/slurm west/slurm.conf'

if [ -n "$citytide_early" ]; then exit 143; fi
'/site/envs/city tide/bin/python' -m citytide drive '/site/runs/ada'"'"'s 50% run' 8>&- &
citytide_child=$!
set +e
if [ -n "$citytide_early" ]; then read -r -t 0.3 -u 8; kill "$citytide_child"; fi
while [ "$citytide_again" = 1 ]; do
  citytide_again=0
  wait "$citytide_child"
  citytide_code=$?
done
exit "$citytide_code"
