#!/usr/bin/env bash
# Walks the first lines of the README as a stranger would: with a file that a spreadsheet
# wrote, in an empty folder, with the commands of an environment (its folder bin/).
set -euo pipefail
export OMP_NUM_THREADS=1
commands=$(realpath "$1")
readme=$(realpath "$(dirname "$0")/../README.md")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

# 200 customers, 60 products; every product but the last leads to the next but one.
awk 'BEGIN {
    srand(1)
    print "Customer;Product;Date;Price"
    for (user = 1; user <= 200; user++) {
        item = int(rand() * 60)
        for (n = 0; n < 4 + user % 9; n++) {
            day = 1 + int(user / 8) % 28
            printf "C%d;P%d;%02d.%02d.2024 %02d:%02d;%d,%d\n",
                user, item, day, 1 + n, n, user % 60, item, n
            item = (rand() < 0.8) ? (item + 2) % 60 : int(rand() * 60)
        }
    }
}' > sales.csv

# The lines of the first block behind the mark, without the one that installs.
sed -n '/<!-- first steps -->/,/^```$/p' "$readme" | grep '^skdiffuasr' > steps.sh
test "$(wc -l < steps.sh)" -eq 4
PATH="$commands:$PATH" bash -euo pipefail -x steps.sh

head -n 3 recommendations.csv
test "$(cut -d, -f1 recommendations.csv | tail -n +2 | sort -u | wc -l)" -eq 200
grep -q diffusion study/report.md
