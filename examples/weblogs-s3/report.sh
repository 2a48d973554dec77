# Writes the traffic report of a week: traffic.csv has a line for each day, pages.csv one for each page and status of an answer.
# The log of a day is in a directory that is called by the day's start: $INPUT1_STAGING_DIR/2025-06-02T00-00-00Z/.
set -eu
export LC_ALL=C

days=$(mktemp -d)
trap 'rm -rf "$days"' EXIT
for directory in "$INPUT1_STAGING_DIR"/*/; do
    gzip -dc "$directory"*.gz >"$days/$(basename "$directory" T00-00-00Z)"
done

# Of a line that is cut off in its user agent the size of the answer is there; a day without requests has zeros.
awk '
    {
        rest = $0
        sub(/^[^"]*"([^"\\]|\\.)*" /, "", rest)
        split(rest, field, " ")
        requests[FILENAME]++
        errors[FILENAME] += field[1] >= 400
        bytes[FILENAME] += field[2]
    }
    END {
        print "day,requests,errors,bytes"
        for (i = 1; i < ARGC; i++) {
            day = ARGV[i]
            sub(/.*\//, "", day)
            printf "%s,%d,%d,%.0f\n", day, requests[ARGV[i]], errors[ARGV[i]], bytes[ARGV[i]]
        }
    }' "$days"/* >"$OUTPUT1_STAGING_DIR/traffic.csv"

# A page is what a request names, up to the question mark; the most wanted ones come first.
{
    echo "requests,status,page"
    awk '
        {
            rest = $0
            sub(/^[^"]*"/, "", rest)
            split(rest, word, " ")
            page = word[2]
            sub(/\?.*/, "", page)
            gsub(/"/, "\"\"", page)
            sub(/^([^"\\]|\\.)*" /, "", rest)
            split(rest, field, " ")
            requests[field[1] ",\"" page "\""]++
        }
        END { for (page in requests) print requests[page] "," page }' "$days"/* | sort -t , -k 1,1nr -k 2
} >"$OUTPUT1_STAGING_DIR/pages.csv"
