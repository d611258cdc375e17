package rooms_test

import (
	"testing"

	"github.com/soratoo/soratoo/rooms"
	"github.com/soratoo/soratoo/storage/storagetest"
)

// What is shown with the log of these tests holds for every log that keeps
// the same contract.
func TestTheLogOfTheseTestsIsALog(t *testing.T) {
	storagetest.Log(t, func(*testing.T) rooms.Log { return newMemory() })
}
