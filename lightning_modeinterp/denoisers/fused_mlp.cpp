// The MLP, but for its times: six rows pass through all layers before the next six, so that what lies between two
// products stays in a core's nearest cache. Backwards it is eight times as many rows, for the gradients of the weights.
//
//     h = W_in x + b_in
//     h = h + W_2 act(norm_2(W_1 act(norm_1(h)) + shift))      depth times, over the given layers in turn
//     y = W_out norm(h) + b_out                                act(z) = z where z > 0, else SLOPE z
//
// WIDTH, the number of features (a multiple of PANEL), is given when this is compiled, and LANES, the floats of a vector,
// may be. All matrices are stored as in PyTorch, (out, in). A product works on tiles of ROWS by PANEL, which fill the
// registers of AVX2; the compiler splits the vectors where they are narrower.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <thread>
#include <type_traits>
#include <vector>

namespace {

#ifndef LANES
#if defined(__AVX512F__) && WIDTH % 32 == 0
#define LANES 16
#else
#define LANES 8
#endif
#endif
constexpr int PANEL = 2 * LANES, ROWS = 6, CHUNK = 8 * ROWS, SLACK = ROWS * WIDTH;
constexpr float SLOPE = 0.02f, EPSILON = 1e-5f;
typedef float Vector __attribute__((vector_size(4 * LANES)));
typedef Vector Unaligned __attribute__((aligned(4), may_alias));

Vector load(const float* from) { return *reinterpret_cast<const Unaligned*>(from); }
void store(float* to, Vector value) { *reinterpret_cast<Unaligned*>(to) = value; }
void add(float* to, Vector value) { store(to, load(to) + value); }
Vector all(float value) { return value - Vector{}; }
Vector slope(Vector z) { return z > 0 ? all(1) : all(SLOPE); }
float sum(Vector v) {
  for (int half = LANES / 2; half > 0; half /= 2)
    for (int i = 0; i < half; i++) v[i] += v[i + half];
  return v[0];
}

struct Floats {  // zeros, aligned for vectors
  std::vector<Vector> vectors;
  explicit Floats(int64_t size) : vectors((size + LANES - 1) / LANES) {}
  float* data() { return reinterpret_cast<float*>(vectors.data()); }
  const float* data() const { return reinterpret_cast<const float*>(vectors.data()); }
  float& operator[](int64_t i) { return data()[i]; }
  void clear() { std::fill(vectors.begin(), vectors.end(), Vector{}); }
};

struct Norm { const float *scale, *offset; };
struct Product { Norm norm; const float* weight; };  // W act(norm(.))

struct Network {
  int64_t rows, dimension, depth, layers, threads;
  // For each layer scale, offset and W of both products; then scale, offset, W_out, b_out, W_in, b_in or null.
  const float* const* parameters;

  Product product(int64_t i) const {  // the i-th of 2 depth
    const float* const* p = parameters + 3 * slot(i);
    return {{p[0], p[1]}, p[2]};
  }
  int64_t slot(int64_t i) const { return i % (2 * layers); }
  const float* const* ends() const { return parameters + 6 * layers; }
};

// Columns of a matrix in panels: what x -> x W^T reads, or x -> x W
Floats panels(const float* weight, bool is_forward) {
  Floats packed(WIDTH * WIDTH);
  for (int c = 0; c < WIDTH; c++)
    for (int k = 0; k < WIDTH; k++)
      packed[(c / PANEL * WIDTH + k) * PANEL + c % PANEL] = is_forward ? weight[c * WIDTH + k] : weight[k * WIDTH + c];
  return packed;
}

std::vector<Floats> all_panels(const Network& net, bool is_forward) {
  std::vector<Floats> packed;
  for (int64_t i = 0; i < 2 * net.layers; i++) packed.push_back(panels(net.product(i).weight, is_forward));
  return packed;
}

// to (ROWS, WIDTH) = or += a (ROWS, WIDTH) times the matrix
template <bool ADDS>
void multiply(const float* a, const Floats& packed, float* to) {
  const float* panel = packed.data();
  for (int c = 0; c < WIDTH; c += PANEL, panel += WIDTH * PANEL) {
    Vector sums[ROWS][2];
    for (int r = 0; r < ROWS; r++)
      for (int j = 0; j < 2; j++) sums[r][j] = ADDS ? load(to + r * WIDTH + c + j * LANES) : Vector{};
    for (int k = 0; k < WIDTH; k++) {
      Vector left = load(panel + k * PANEL), right = load(panel + k * PANEL + LANES);
      for (int r = 0; r < ROWS; r++) {
        Vector factor = all(a[r * WIDTH + k]);
        sums[r][0] += factor * left;
        sums[r][1] += factor * right;
      }
    }
    for (int r = 0; r < ROWS; r++)
      for (int j = 0; j < 2; j++) store(to + r * WIDTH + c + j * LANES, sums[r][j]);
  }
}

// gradient (WIDTH, WIDTH) += d^T a over CHUNK rows. The last tile may reach beyond WIDTH, so all three have SLACK after
// their end, and what is added there is never read.
void multiply_transposed(const float* d, const float* a, float* gradient) {
  for (int o = 0; o < WIDTH; o += ROWS)
    for (int c = 0; c < WIDTH; c += PANEL) {
      Vector sums[ROWS][2] = {};
      for (int r = 0; r < CHUNK; r++) {
        Vector left = load(a + r * WIDTH + c), right = load(a + r * WIDTH + c + LANES);
        for (int i = 0; i < ROWS; i++) {
          Vector factor = all(d[r * WIDTH + o + i]);
          sums[i][0] += factor * left;
          sums[i][1] += factor * right;
        }
      }
      for (int i = 0; i < ROWS; i++)
        for (int j = 0; j < 2; j++) add(gradient + (o + i) * WIDTH + c + j * LANES, sums[i][j]);
    }
}

// What is known of the norm of ROWS rows: where each begins, which may be anywhere, and its 1 / std
struct Rows {
  float* normed[ROWS];
  float rstd[ROWS];
};

// a = act(scale * normed + offset), or without act
template <bool ACTS>
Vector activated(Vector normed, Norm norm, int c) {
  Vector z = load(norm.scale + c) * normed + load(norm.offset + c);
  return ACTS ? z * slope(z) : z;
}

// normed = (z + shift - mean) * rstd, and a (ROWS, WIDTH) from it
template <bool ACTS>
void normalise(const float* z, const float* const* shift, Norm norm, Rows& rows, float* a) {
  Vector totals[ROWS] = {}, squares[ROWS] = {}, means[ROWS], rstds[ROWS];
  for (int c = 0; c < WIDTH; c += LANES)
    for (int r = 0; r < ROWS; r++) {
      Vector v = load(z + r * WIDTH + c) + load(shift[r] + c);
      store(a + r * WIDTH + c, v);
      totals[r] += v;
    }
  for (int r = 0; r < ROWS; r++) means[r] = all(sum(totals[r]) / WIDTH);
  for (int c = 0; c < WIDTH; c += LANES)
    for (int r = 0; r < ROWS; r++) {
      Vector v = load(a + r * WIDTH + c) - means[r];
      squares[r] += v * v;
    }
  for (int r = 0; r < ROWS; r++) {
    rows.rstd[r] = 1 / std::sqrt(sum(squares[r]) / WIDTH + EPSILON);
    rstds[r] = all(rows.rstd[r]);
  }
  for (int c = 0; c < WIDTH; c += LANES)
    for (int r = 0; r < ROWS; r++) {
      Vector normed = (load(a + r * WIDTH + c) - means[r]) * rstds[r];
      store(rows.normed[r] + c, normed);
      store(a + r * WIDTH + c, activated<ACTS>(normed, norm, c));
    }
}

// From the gradient d (ROWS, WIDTH) of a to that of z, in place; adds up those of scale and offset
template <bool ACTS>
void normalise_back(float* d, const Rows& rows, Norm norm, float* scale, float* offset) {
  Vector totals[ROWS] = {}, along[ROWS] = {};
  for (int c = 0; c < WIDTH; c += LANES) {
    Vector by = load(norm.scale + c), on = load(norm.offset + c), of_scale{}, of_offset{};
    for (int r = 0; r < ROWS; r++) {
      Vector normed = load(rows.normed[r] + c), v = load(d + r * WIDTH + c);
      if (ACTS) v *= slope(by * normed + on);
      of_scale += v * normed;
      of_offset += v;
      v *= by;
      store(d + r * WIDTH + c, v);
      totals[r] += v;
      along[r] += v * normed;
    }
    add(scale + c, of_scale);
    add(offset + c, of_offset);
  }
  for (int r = 0; r < ROWS; r++) {
    Vector mean = all(sum(totals[r]) / WIDTH), parallel = all(sum(along[r]) / WIDTH), rstd = all(rows.rstd[r]);
    for (int c = 0; c < WIDTH; c += LANES)
      store(d + r * WIDTH + c, (load(d + r * WIDTH + c) - mean - load(rows.normed[r] + c) * parallel) * rstd);
  }
}

int64_t num_pieces(const Network& net) {
  return std::max<int64_t>(1, std::min(net.threads, (net.rows + CHUNK - 1) / CHUNK));
}

template <class Work>  // work(piece, first, last): pieces of whole chunks, one a thread
void in_threads(const Network& net, Work work) {
  int64_t chunks = (net.rows + CHUNK - 1) / CHUNK, pieces = num_pieces(net);
  auto end = [&](int64_t p) { return std::min(net.rows, chunks * p / pieces * CHUNK); };
  std::vector<std::thread> others;
  for (int64_t p = 1; p < pieces; p++) others.emplace_back(work, p, end(p), end(p + 1));
  work(0, 0, end(1));
  for (auto& thread : others) thread.join();
}

}  // namespace

// x (rows, dimension) to y (rows, dimension). Row r takes shifts (layers, steps, WIDTH) at step index[r]. Kept for
// `backward` if given: of each of the 2 depth + 1 norms normed (rows, WIDTH) and rstd (rows).
extern "C" void forward(Network net, const float* x, const float* shifts, const int64_t* index, int64_t steps, float* y,
                        float* const* normed, float* rstd) {
  auto packed = all_panels(net, true);
  const float *const *ends = net.ends(), *out = ends[2], *out_bias = ends[3], *in_bias = ends[5];
  Floats in(net.dimension * WIDTH);  // a row for each coordinate
  for (int64_t i = 0; i < net.dimension * WIDTH; i++) in[i] = ends[4][i % WIDTH * net.dimension + i / WIDTH];
  in_threads(net, [&](int64_t, int64_t first, int64_t last) {
    Floats h(ROWS * WIDTH), u(ROWS * WIDTH), a(ROWS * WIDTH), unused(WIDTH), zeros(WIDTH);
    Rows rows;
    for (int64_t row = first; row < last; row += ROWS) {
      int count = int(std::min<int64_t>(ROWS, last - row));
      auto norm = [&](int64_t i, Floats& z, auto normalise) {
        const float* shift[ROWS];
        for (int r = 0; r < ROWS; r++) {
          bool is_shifted = i % 2 && r < count;
          shift[r] = is_shifted ? shifts + (i / 2 % net.layers * steps + index[row + r]) * WIDTH : zeros.data();
          rows.normed[r] = normed && r < count ? normed[i] + (row + r) * WIDTH : unused.data();
        }
        normalise(z.data(), shift);
        for (int r = 0; rstd && r < count; r++) rstd[i * net.rows + row + r] = rows.rstd[r];
      };
      for (int r = 0; r < count; r++)
        for (int c = 0; c < WIDTH; c += LANES) {
          Vector value = in_bias ? load(in_bias + c) : Vector{};
          for (int64_t j = 0; j < net.dimension; j++)
            value += all(x[(row + r) * net.dimension + j]) * load(&in[j * WIDTH + c]);
          store(&h[r * WIDTH + c], value);
        }
      for (int64_t i = 0; i < 2 * net.depth; i++) {
        norm(i, i % 2 ? u : h, [&](const float* z, const float* const* shift) {
          normalise<true>(z, shift, net.product(i).norm, rows, a.data());
        });
        if (i % 2) multiply<true>(a.data(), packed[net.slot(i)], h.data());
        else multiply<false>(a.data(), packed[net.slot(i)], u.data());
      }
      norm(2 * net.depth, h, [&](const float* z, const float* const* shift) {
        normalise<false>(z, shift, {ends[0], ends[1]}, rows, a.data());
      });
      for (int r = 0; r < count; r++)
        for (int64_t j = 0; j < net.dimension; j++) {
          Vector total{};
          for (int c = 0; c < WIDTH; c += LANES) total += load(&a[r * WIDTH + c]) * load(out + j * WIDTH + c);
          y[(row + r) * net.dimension + j] = sum(total) + out_bias[j];
        }
    }
  });
}

// From the gradient of y to those of x, of the shift of each row (layers, rows, WIDTH) and of the parameters, in their
// order and of the given sizes. All of them are zeros before.
extern "C" void backward(Network net, const float* x, float* const* normed, const float* rstd, const float* y_gradient,
                         float* x_gradient, float* shift_gradient, float* const* gradients, const int64_t* sizes) {
  auto packed = all_panels(net, false);
  const float *const *ends = net.ends(), *out = ends[2], *in = ends[4];
  int64_t num_parameters = 6 * net.layers + 6, dimension = net.dimension;
  bool has_input_bias = ends[5];
  std::vector<std::vector<Floats>> found(num_pieces(net));  // summed in order below, whichever thread ends first
  in_threads(net, [&](int64_t piece, int64_t first, int64_t last) {
    for (int64_t i = 0; i < num_parameters; i++) found[piece].emplace_back(sizes[i] + SLACK);
    Floats dh(CHUNK * WIDTH + SLACK), du(dh), da(dh), a(dh), zeros(WIDTH), *end = &found[piece][6 * net.layers];
    for (int64_t row = first; row < last; row += CHUNK) {
      int count = int(std::min<int64_t>(CHUNK, last - row));
      auto norm = [&](int64_t i, int from) {  // rows beyond the last one have gradients of zero
        Rows rows;
        for (int r = 0; r < ROWS; r++) {
          bool is_there = from + r < count;
          rows.normed[r] = is_there ? normed[i] + (row + from + r) * WIDTH : zeros.data();
          rows.rstd[r] = is_there ? rstd[i * net.rows + row + from + r] : 0;
        }
        return rows;
      };
      auto activate = [&](const Rows& rows, int from, Norm norm, auto acts) {
        for (int r = 0; r < ROWS; r++)
          for (int c = 0; c < WIDTH; c += LANES)
            store(&a[(from + r) * WIDTH + c], activated<acts()>(load(rows.normed[r] + c), norm, c));
      };
      dh.clear();
      du.clear();

      Norm last_norm{ends[0], ends[1]};
      for (int from = 0; from < count; from += ROWS) {
        Rows rows = norm(2 * net.depth, from);
        activate(rows, from, last_norm, std::false_type{});
        for (int r = from; r < std::min(count, from + ROWS); r++)
          for (int64_t j = 0; j < dimension; j++) {
            float dy = y_gradient[(row + r) * dimension + j];
            end[3][j] += dy;
            for (int c = 0; c < WIDTH; c += LANES) {
              add(&end[2][j * WIDTH + c], all(dy) * load(&a[r * WIDTH + c]));
              add(&dh[r * WIDTH + c], all(dy) * load(out + j * WIDTH + c));
            }
          }
        normalise_back<false>(&dh[from * WIDTH], rows, last_norm, end[0].data(), end[1].data());
      }

      for (int64_t i = 2 * net.depth - 1; i >= 0; i--) {
        Product product = net.product(i);
        Floats *gradient = &found[piece][3 * net.slot(i)], &d = i % 2 ? dh : du;
        for (int from = 0; from < count; from += ROWS) activate(norm(i, from), from, product.norm, std::true_type{});
        multiply_transposed(d.data(), a.data(), gradient[2].data());
        for (int from = 0; from < count; from += ROWS) {
          multiply<false>(&d[from * WIDTH], packed[net.slot(i)], &da[from * WIDTH]);
          normalise_back<true>(&da[from * WIDTH], norm(i, from), product.norm, gradient[0].data(), gradient[1].data());
        }
        float* shift = shift_gradient + (i / 2 % net.layers * net.rows + row) * WIDTH;
        for (int k = 0; k < count * WIDTH; k += LANES) {
          Vector dz = load(&da[k]);
          if (i % 2) {
            store(&du[k], dz);
            add(shift + k, dz);
          } else {
            add(&dh[k], dz);
          }
        }
      }

      for (int r = 0; r < count; r++)
        for (int c = 0; c < WIDTH; c++) {
          float d = dh[r * WIDTH + c];
          if (has_input_bias) end[5][c] += d;
          for (int64_t j = 0; j < dimension; j++) {
            x_gradient[(row + r) * dimension + j] += d * in[c * dimension + j];
            end[4][c * dimension + j] += d * x[(row + r) * dimension + j];
          }
        }
    }
  });
  for (auto& piece : found)
    for (int64_t i = 0; i < num_parameters; i++)
      for (int64_t k = 0; k < sizes[i]; k++) gradients[i][k] += piece[i][k];
}
