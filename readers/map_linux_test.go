package readers

import (
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"kscan/readers/prefilter"
)

// BenchmarkFile is the vector search over a warm file of 512 MiB on two cores: read block
// by block into memory that is used again, as kscan does, and mapped, in one piece or with
// the pages made ready block by block. docs/benchmarks.md says what came of it.
func BenchmarkFile(b *testing.B) {
	const size, block = 512 << 20, 1 << 20
	file := largeFile(b, size)
	reads := func(at int64, memory []byte) []byte {
		if _, err := file.ReadAt(memory, at); err != nil {
			b.Error(err)
		}
		return memory
	}
	b.Run("read", func(b *testing.B) {
		b.SetBytes(size)
		for b.Loop() {
			searchBlocks(size, block, reads)
		}
	})
	for _, populate := range []bool{false, true} {
		name := "mapped"
		if populate {
			name = "populated"
		}
		b.Run(name, func(b *testing.B) {
			b.SetBytes(size)
			for b.Loop() {
				data, err := syscall.Mmap(int(file.Fd()), 0, size, syscall.PROT_READ, syscall.MAP_SHARED)
				if err != nil {
					b.Fatal(err)
				}
				searchBlocks(size, block, func(at int64, _ []byte) []byte {
					part := data[at : at+block]
					if populate {
						const populateRead = 22 // MADV_POPULATE_READ, of Linux 5.14
						if err := syscall.Madvise(part, populateRead); err != nil {
							b.Error(err)
						}
					}
					return part
				})
				if err := syscall.Munmap(data); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// largeFile returns a file of JSON lines of that size.
func largeFile(b *testing.B, size int) *os.File {
	text := []byte(docLines(10000))
	file, err := os.Create(b.TempDir() + "/large")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { file.Close() })
	for at := 0; at < size; at += len(text) {
		if _, err := file.Write(text[:min(len(text), size-at)]); err != nil {
			b.Fatal(err)
		}
	}
	return file
}

// searchBlocks searches all blocks that get gives, on two goroutines.
func searchBlocks(size, block int64, get func(at int64, memory []byte) []byte) {
	finder := prefilter.New([]prefilter.Literal{{Text: "10250"}, {Text: "10255"}})
	var next atomic.Int64
	var wait sync.WaitGroup
	for range 2 {
		wait.Go(func() {
			memory := make([]byte, block)
			newlines, hits := make([]uint64, block/64), make([]uint64, block/64)
			for at := next.Add(block) - block; at < size; at = next.Add(block) - block {
				finder.Scan(get(at, memory), newlines, hits)
			}
		})
	}
	wait.Wait()
}
