package media

import "sync"

// slots are the files that may be on their way at once: so many in all, and of
// one person. The zero value has all of them free.
type slots struct {
	mu     sync.Mutex // guards what follows
	all    int
	people map[string]int
}

// take takes one for a person, or tells that there is none.
func (s *slots) take(person string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all >= uploads || s.people[person] >= personUploads {
		return false
	}
	if s.people == nil {
		s.people = map[string]int{}
	}
	s.all++
	s.people[person]++
	return true
}

// give gives a person's back.
func (s *slots) give(person string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all--
	if s.people[person]--; s.people[person] == 0 {
		delete(s.people, person)
	}
}
