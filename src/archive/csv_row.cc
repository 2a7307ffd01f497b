// One COPY text row as CSV, byte for byte as the server's COPY … (FORMAT csv) writes it.
//
// Most bytes of most rows are the same in both forms: a tab becomes a comma. Those are copied
// sixteen at a time. Where a field needs more (a backslash, a quote, a comma, or nothing in it at
// all) the copy goes back to the start of that one field, writes it carefully, and goes on fast
// behind it.
//
// Output grows in place. What holds before every copy of a block: there is room for the rest of the
// input and one block more. Only what makes the row longer (a quote, a doubled quote) has to see to
// it.
#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "archive/copy_escape.h"
#include "archive/copy_text.h"

namespace archive {

namespace {
constexpr std::size_t kBlock = 16;
constexpr std::size_t kSlack = 4 * kBlock;

// Up to sixteen bytes and questions about all of them at once. The bits of a mask are positions.
#if defined(__SSE2__)
class Bytes {
 public:
  static Bytes whole(const char* from) {
    return Bytes(
        _mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));  // unaligned load: any address
  }
  static Bytes of_words(std::uint64_t low, std::uint64_t high) {
    return Bytes(_mm_set_epi64x(static_cast<std::int64_t>(high), static_cast<std::int64_t>(low)));
  }
  template <typename... Chars>
  unsigned any_of(Chars... chars) const {
    __m128i found = _mm_setzero_si128();
    ((found = _mm_or_si128(found, equal(chars))), ...);
    return static_cast<unsigned>(_mm_movemask_epi8(found));
  }
  void store(char* to) const { _mm_storeu_si128(reinterpret_cast<__m128i*>(to), value_); }
  void store_with_commas(char* to) const {
    const __m128i flip = _mm_and_si128(equal('\t'), _mm_set1_epi8('\t' ^ ','));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm_xor_si128(value_, flip));
  }

 private:
  explicit Bytes(__m128i value) : value_(value) {}
  __m128i equal(char c) const { return _mm_cmpeq_epi8(value_, _mm_set1_epi8(c)); }
  __m128i value_;
};
#else
class Bytes {
 public:
  static Bytes whole(const char* from) {
    Bytes bytes;
    std::memcpy(bytes.value_, from, kBlock);
    return bytes;
  }
  static Bytes of_words(std::uint64_t low, std::uint64_t high) {
    Bytes bytes;
    std::memcpy(bytes.value_, &low, sizeof low);
    std::memcpy(bytes.value_ + sizeof low, &high, sizeof high);
    return bytes;
  }
  template <typename... Chars>
  unsigned any_of(Chars... chars) const {
    unsigned mask = 0;
    for (unsigned n = 0; n < kBlock; ++n) mask |= (((value_[n] == chars) || ...) ? 1U : 0U) << n;
    return mask;
  }
  void store(char* to) const { std::memcpy(to, value_, kBlock); }
  void store_with_commas(char* to) const {
    for (std::size_t n = 0; n < kBlock; ++n) to[n] = value_[n] == '\t' ? ',' : value_[n];
  }

 private:
  char value_[kBlock];
};
#endif

template <typename Word>
std::uint64_t word_at(const char* from) {
  Word word;
  std::memcpy(&word, from, sizeof word);
  return word;
}

// The `left` < 16 bytes at `from` and zeros behind them, without reading behind the end.
Bytes partial(const char* from, std::size_t left) {
  static_assert(std::endian::native == std::endian::little,
                "words are put together from the low byte up");
  if (left >= 8) {
    const std::uint64_t last = word_at<std::uint64_t>(from + left - 8);
    return Bytes::of_words(word_at<std::uint64_t>(from), left == 8 ? 0 : last >> (8 * (16 - left)));
  }
  if (left >= 4) {
    const std::uint64_t last = word_at<std::uint32_t>(from + left - 4);
    return Bytes::of_words(word_at<std::uint32_t>(from) | last << (8 * (left - 4)), 0);
  }
  std::uint64_t word = 0;
  for (std::size_t n = 0; n < left; ++n) word |= word_at<std::uint8_t>(from + n) << (8 * n);
  return Bytes::of_words(word, 0);
}

constexpr unsigned below(std::size_t position) { return (1U << position) - 1U; }

class Row {
 public:
  // `alone`: the table has one column.
  Row(std::string& out, std::string_view row, bool alone)
      : out_(out), from_(row.data()), end_(from_ + row.size()), field_(from_), alone_(alone) {
    const std::size_t before = out.size();
    out_.resize(before + row.size() + kSlack);
    to_ = out_.data() + before;
    limit_ = out_.data() + out_.size();
  }

  void convert() {
    do {
      copy_fast();
    } while (careful_ && !careful_field());
    *to_++ = '\n';
    out_.resize(static_cast<std::size_t>(to_ - out_.data()));
  }

 private:
  std::size_t left() const { return static_cast<std::size_t>(end_ - from_); }
  Bytes next_bytes() const {
    return left() >= kBlock ? Bytes::whole(from_) : partial(from_, left());
  }
  unsigned valid() const { return left() >= kBlock ? below(kBlock) : below(left()); }

  // Copies as far as tabs are the only difference: to the end of the row, or into a field that is
  // to be written carefully (then careful_ is set).
  void copy_fast() {
    while (true) {
      const Bytes bytes = next_bytes();
      const unsigned mask = valid();
      const unsigned tabs = bytes.any_of('\t') & mask;
      // A tab where a field begins: the field is empty, which is not NULL.
      const unsigned empty = tabs & (tabs << 1U | (from_ == field_ ? 1U : 0U));
      const unsigned stop = (bytes.any_of('\\', '"', ',', '\r', '\n') & mask) | empty;
      bytes.store_with_commas(to_);
      if (stop != 0) {
        const auto good = static_cast<std::size_t>(std::countr_zero(stop));
        advance(good, tabs & below(good));
        careful_ = true;
        return;
      }
      const bool last = left() < kBlock;
      advance(last ? left() : kBlock, tabs);
      if (last) {
        careful_ = from_ == field_;  // the last field is empty
        return;
      }
    }
  }

  void advance(std::size_t bytes, unsigned tabs) {
    if (tabs != 0) field_ = from_ + std::bit_width(tabs);
    from_ += bytes;
    to_ += bytes;
  }

  // Writes the field that was begun anew, and the comma behind it. True at the end of the row.
  bool careful_field() {
    to_ -= from_ - field_;
    from_ = field_;
    if (!skip_null()) {
      if (needs_quotes()) {
        put_extra('"');
        copy_value();
        put_extra('"');
      } else {
        copy_value();
      }
    }
    if (from_ == end_) return true;
    *to_++ = ',';
    field_ = ++from_;
    return false;
  }

  // NULL is nothing at all.
  bool skip_null() {
    if (left() < 2 || from_[0] != '\\' || from_[1] != 'N') return false;
    if (left() > 2 && from_[2] != '\t') return false;
    from_ += 2;
    return true;
  }

  // Whether the server would quote the value: empty, or a comma, a quote or a line end in it, or a
  // lone \.
  bool needs_quotes() const {
    if (from_ == end_ || *from_ == '\t') return true;
    const std::string_view rest(from_, left());
    if (rest == "\\" || (alone_ && rest == "\\\\.")) return true;
    for (const char* at = from_; at < end_;) {
      const auto more = static_cast<std::size_t>(end_ - at);
      const Bytes bytes = more >= kBlock ? Bytes::whole(at) : partial(at, more);
      const unsigned found = bytes.any_of('\t', '\\', '"', ',', '\r', '\n');
      if (found == 0) {
        at += std::min(more, kBlock);
        continue;
      }
      at += std::countr_zero(found);
      if (*at == '\t') return false;
      if (*at != '\\') return true;
      const Escape escape = read_escape({at + 1, static_cast<std::size_t>(end_ - at - 1)});
      if (escape.length > 0 &&
          std::string_view("\",\r\n").find(escape.byte) != std::string_view::npos)
        return true;
      at += 1 + escape.length;
    }
    return false;
  }

  // The value without its escapes, quotes doubled, up to the tab or the end.
  void copy_value() {
    while (from_ < end_) {
      const Bytes bytes = next_bytes();
      unsigned found = bytes.any_of('\t', '\\', '"') & valid();
      bytes.store(to_);
      const std::size_t good =
          found != 0 ? static_cast<std::size_t>(std::countr_zero(found)) : std::min(left(), kBlock);
      from_ += good;
      to_ += good;
      if (found == 0) continue;
      if (*from_ == '\t') return;
      copy_special();
    }
  }

  void copy_special() {
    char byte = *from_++;
    if (byte == '\\') {
      const Escape escape = read_escape({from_, left()});
      from_ += escape.length;
      if (escape.length == 0) return;
      byte = escape.byte;
    }
    if (byte == '"') put_extra(byte);
    *to_++ = byte;
  }

  // A byte that the input does not have.
  void put_extra(char byte) {
    const auto room = static_cast<std::size_t>(limit_ - to_);
    if (room < left() + 2 * kBlock) grow();
    *to_++ = byte;
  }

  void grow() {
    const auto used = static_cast<std::size_t>(to_ - out_.data());
    out_.resize(out_.size() + left() / 2 + kSlack);
    to_ = out_.data() + used;
    limit_ = out_.data() + out_.size();
  }

  std::string& out_;
  const char* from_;
  const char* end_;
  const char* field_;  // where the field that is being read begins
  char* to_;
  char* limit_;  // the end of the room
  bool alone_;
  bool careful_ = false;
};
}  // namespace

void append_csv_row(std::string& out, std::string_view copy_row, std::size_t columns) {
  if (columns == 0) {
    out += '\n';
    return;
  }
  Row(out, copy_row, columns == 1).convert();
}

}  // namespace archive
