// Package rooms keeps shared documents live: who is in a room, what happens to
// its document, and in what order. One goroutine owns each room. An edit is
// seen by others and acknowledged to its author once it is durable.
package rooms
