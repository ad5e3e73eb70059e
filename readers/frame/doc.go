// Package frame cuts byte streams into blocks of whole records. It knows where records
// end and parses nothing; joining what it cut gives the stream back.
package frame
