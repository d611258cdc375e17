package main

import (
	"math"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
)

// memoryShare is how much of the memory that the system gives us the runtime may
// use before it collects more often, in percent.
const memoryShare = 80

// memoryFiles are where Linux tells a group's memory limit, v2 and v1.
var memoryFiles = []string{"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"}

// limitMemory has the runtime stay below what the system gives us, unless GOMEMLIMIT
// says something. It returns the limit, 0 when there is none.
func limitMemory(environ, files []string) int64 {
	for _, pair := range environ {
		if name, value, _ := strings.Cut(pair, "="); name == "GOMEMLIMIT" && value != "" {
			return 0
		}
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			continue
		}
		n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
		if err != nil || n <= 0 || n > math.MaxInt64/2 { // "max", or as good as that
			continue
		}
		limit := n / 100 * memoryShare
		debug.SetMemoryLimit(limit)
		return limit
	}
	return 0
}
