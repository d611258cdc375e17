// Command soratoo is the collaboration server of a text-to-video workspace.
package main

func main() {}
